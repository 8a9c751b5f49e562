"""How a phase is run, said in a form."""
