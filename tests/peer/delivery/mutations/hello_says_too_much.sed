s/FingerprintsOf(link), inbox_.last_delivered());/FingerprintsOf(link), inbox_.last_delivered() + 1);/
