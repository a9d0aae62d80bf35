#!/usr/bin/env python3
"""The fish hook through a terminal: see README."""
import accept
import behave
import drv
import plugins
import tools

behave.SH = 'fish'
drv.main('fish', behave.ALL + accept.ALL + plugins.FISH + tools.FISH,
         quick=behave.QUICK)
