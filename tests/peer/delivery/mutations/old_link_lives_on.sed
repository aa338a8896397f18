/::TakeOver()/,/^}/ s/if (link_ != 0) actions_.push_back(EndLink{link_});//
