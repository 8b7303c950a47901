-- `rookery secrets reencrypt` seals what is stored anew, with the newest master key. All tables but one can be written
-- by the role that it wears; of the audit trail's key it may change the sealed part, and nothing else.

-- up
GRANT UPDATE (private_key_sealed) ON audit_key TO rookery_system;

-- down
REVOKE UPDATE (private_key_sealed) ON audit_key FROM rookery_system;
