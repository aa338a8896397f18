s/if (newly) next_ = 0;/if (newly) next_ = items_.empty() ? 0 : 1;/
