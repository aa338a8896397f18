s/if (!manual_ack_) inbox_.Delivered(/inbox_.Delivered(/
