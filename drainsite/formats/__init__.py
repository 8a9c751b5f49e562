"""How Django writes dates and times, one module a language (`FORMAT_MODULE_PATH`)."""
