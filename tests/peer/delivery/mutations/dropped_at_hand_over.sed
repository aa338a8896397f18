s/sent_ = std::max(sent_, acked_ + next_);/sent_ = std::max(sent_, acked_ + next_), (void)OnAck(sent_);/
