s/const bool newer = version > entry->second;/const bool newer = version != entry->second;/
