"""Legacy dialects: how clients of the replaced servers speak to a modern edge, as data. One TOML file each."""
