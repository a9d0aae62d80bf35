#!/usr/bin/env python3
"""The fish hook through a terminal: see README."""
import behave
import drv
import plugins

drv.main('fish', behave.ALL + plugins.FISH, quick=behave.QUICK)
