ZSH = BASH = FISH = []
