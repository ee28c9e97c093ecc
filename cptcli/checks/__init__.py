"""The checks of a patient's day, a file each. visit/check.py calls them in their order.

A check takes the day, its lines and the values it needs, and returns a new value. What it finds goes to the report.
"""
