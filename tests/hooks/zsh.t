#!/usr/bin/env python3
"""The zsh hook through a terminal: see README."""
import behave
import drv
import plugins

drv.main('zsh', behave.ALL + plugins.ZSH, quick=behave.QUICK)
