#!/usr/bin/env python3
"""The bash hook through a terminal: see README."""
import accept
import behave
import drv
import plugins
import tools

behave.SH = 'bash'
drv.main('bash', behave.ALL + accept.ALL + plugins.BASH + tools.BASH,
         quick=behave.QUICK)
