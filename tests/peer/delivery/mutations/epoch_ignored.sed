s/if (known && hello.mine != remembered.theirs) return/if (false) return/
