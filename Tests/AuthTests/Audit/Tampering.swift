/// What a superuser can do to a trail.
enum Tampering {
    static let columnValues: [(String, String)] = [
        ("tenant_id", "gen_random_uuid()"), ("id", "gen_random_uuid()"),
        ("created_at", "created_at + interval '1 microsecond'"), ("actor_type", "'admin'"),
        ("actor_id", "NULL"), ("credential", "'session_x'"), ("on_behalf_of", "NULL"),
        ("action", "'tenant.delete'"), ("target_type", "'bot'"), ("target_id", "'x'"),
        ("outcome", "'denied'"),
        ("changes", "'{}'"), ("address", "''"), ("user_agent", "user_agent || ' '"), ("request_id", "NULL"),
        ("key_id", "'0123456789abcdef'"), ("signature", "set_byte(signature, 5, get_byte(signature, 5) # 1)"),
    ]

    static let copies: [(String, String)] = [
        ("a copy with a new id", "gen_random_uuid(), tenant_id, created_at"),
        ("a copy with a new time", "id, tenant_id, created_at + interval '1 second'"),
        ("a copy for another tenant", "id, gen_random_uuid(), created_at"),
    ]

    static let swaps: [String] = [
        "SET id = CASE e.id WHEN s.event_ids[1] THEN s.event_ids[2] ELSE s.event_ids[1] END",
        "SET created_at = CASE e.created_at WHEN s.first_at THEN s.last_at ELSE s.first_at END",
        """
        SET tenant_id = (SELECT tenant_id FROM audit_event o WHERE o.id <> e.id AND o.id = ANY (s.event_ids))
        """,
    ]

    static let seals: [(String, Int64)] = [
        ("DELETE FROM audit_seal WHERE id = 2", 3),
        ("DELETE FROM audit_seal WHERE id = 1", 2),
        ("UPDATE audit_seal SET event_ids = event_ids[1:1] WHERE id = 2", 2),
        ("UPDATE audit_seal SET event_ids = ARRAY[event_ids[2], event_ids[1]] WHERE id = 2", 2),
        ("UPDATE audit_seal SET event_ids = event_ids || gen_random_uuid() WHERE id = 2", 2),
        ("UPDATE audit_seal SET sealed_at = sealed_at + interval '1 second' WHERE id = 2", 2),
        ("UPDATE audit_seal SET first_at = first_at - interval '1 second' WHERE id = 2", 2),
        ("UPDATE audit_seal SET last_at = last_at + interval '1 second' WHERE id = 2", 2),
        ("UPDATE audit_seal SET root = sha256(root) WHERE id = 2", 2),
        ("UPDATE audit_seal SET previous = sha256(previous) WHERE id = 2", 2),
        ("UPDATE audit_seal SET key_id = 'x' WHERE id = 2", 2),
        ("UPDATE audit_seal SET signature = sha256(signature) WHERE id = 2", 2),
        ("UPDATE audit_seal SET id = 9 WHERE id = 3", 9),
    ]
}
