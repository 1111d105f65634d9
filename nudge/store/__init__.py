"""The database: tables, migrations, and queries in the domain's words."""
