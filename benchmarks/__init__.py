"""How quick and how thrifty the bot is, beside what one would compare it with, in one run; and the soak."""
