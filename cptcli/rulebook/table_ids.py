"""The ids of CMS's tables in rules/tables/ that come in several editions, oldest first.

Apart from tables.py, so that an answer does not pay for the reading of the tables.
"""

FEE_SCHEDULES = ("medicare-fee-schedule", "medicare-fee-schedule-2026")
UNITS = ("medicare-units", "medicare-units-2026")
EQUIPMENT_UNITS = "medicare-units-equipment"
