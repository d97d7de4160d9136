"""What errors of PostgreSQL mean; those that are named nowhere here are the statement's own."""

import asyncpg

# All that a connection raises.
RAISED = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError)
# The server is away, or going; or it has said so on a connection that nobody was using, in whose state no statement is
# begun any more, a moment before asyncpg hears that it is closed.
LOST = (
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
# No disk or memory, a lock that others hold, a standby after a failover, an operator's limit: it passes.
PASSING = (
    TimeoutError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)
MISCONFIGURED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ClientConfigurationError,
)
