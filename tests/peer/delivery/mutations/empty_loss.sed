s/return {acked_ + 1, acked_ + items_.size()};/return {};/
