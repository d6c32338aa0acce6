"""Ten sites with machines that tell temperature and vibration every five seconds; made up, the same everywhere.

Device 7 lies from the minute LIES_FROM on: it says the same number again and again. Device 11 tells far too much.
Device 23 wears out: its vibration grows from minute to minute.
"""
import math

import task

SITES = 10
EVERY_SECONDS = 5
LIES_FROM = "2026-03-01T00:02"
WORN_FROM = "2026-03-01T00:00"


def minutes(start, count):
    """The ISO minutes of an interval."""
    hour, minute = int(start[11:13]), int(start[14:16])
    total = [hour * 60 + minute + n for n in range(count)]
    return [f"{task.days_before(start[:10], -(m // 1440))}T{m % 1440 // 60:02}:{m % 60:02}" for m in total]


def minutes_since(first, now):
    clock = [int(text[11:13]) * 60 + int(text[14:16]) for text in (first, now)]
    days = 0 if first[:10] == now[:10] else 1
    return days * 1440 + clock[1] - clock[0]


def readings(device, minute):
    """Twelve (second, temperature, vibration) of one device."""
    chance = int(task.sha256("iot", device, minute), 16)
    told = []
    for n in range(60 // EVERY_SECONDS):
        noise = [((chance >> (5 * n + shift)) & 31) / 31 - 0.5 for shift in (0, 2)]
        temperature = 20 + device % SITES + 3 * noise[0]
        vibration = 1 + 0.2 * noise[1]
        if minute >= LIES_FROM and device == 7:
            temperature = 42.0
        if minute >= LIES_FROM and device == 11:
            temperature += 25
        if device == 23:
            vibration += 0.05 * max(0, minutes_since(WORN_FROM, minute))
        told.append((n * EVERY_SECONDS, round(temperature, 2), round(vibration, 3)))
    if math.fmod(chance, 97) == 0:
        told[5] = (25, told[5][1] + 4, told[5][2])  # a peak of five seconds, which is true
    return told
