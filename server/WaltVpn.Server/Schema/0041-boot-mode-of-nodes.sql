-- What a node may boot, where that is not what server.yaml says for all; null: as server.yaml. Since when, seconds since 1970 (docs/security.md BOOT-6).
ALTER TABLE nodes ADD COLUMN boot_mode TEXT CHECK (boot_mode IN ('enforced', 'permissive'));
ALTER TABLE nodes ADD COLUMN boot_mode_since INTEGER;
