s/if (hello.counter <= remembered.their_counter) return/if (false) return/
