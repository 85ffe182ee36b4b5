from django.contrib.auth.hashers import Argon2PasswordHasher


class VpsArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's parameters for small servers: Django's own take 100 MiB for every login in flight."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
