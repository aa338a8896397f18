s/agreed = std::max(own_, peer_sent + 1);/agreed = own_ + 1;/
