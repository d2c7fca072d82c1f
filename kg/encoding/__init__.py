"""Statements into sorted arrays of numbers: terms become ids, equal statements one."""
