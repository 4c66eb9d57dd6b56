"""The judgement: values in, a Decision with its reason out. No I/O, no clock, no framework."""
