"""Formats of dates and times for Django, one module a language (`FORMAT_MODULE_PATH`)."""
