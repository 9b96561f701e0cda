"""The methods of the Web API that the sandbox answers, by their families."""
