s/if (seq <= taken_) return Verdict::kDuplicate;/if (seq <= taken_) return Verdict::kDeliver;/
