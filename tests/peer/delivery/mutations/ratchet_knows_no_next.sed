s/if (generation == own_ || generation == own_ + 1) return true;/if (generation == own_) return true;/
