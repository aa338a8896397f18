s/resend_at = now + resend_after_;/resend_at = now + std::chrono::hours(9);/
