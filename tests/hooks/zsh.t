#!/usr/bin/env python3
"""The zsh hook through a terminal: see README."""
import accept
import behave
import drv
import plugins
import tools

behave.SH = 'zsh'
drv.main('zsh', behave.ALL + accept.ALL + plugins.ZSH + tools.ZSH,
         quick=behave.QUICK)
