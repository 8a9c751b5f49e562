"""Running one phase as a child process: free of Django and of the database.

The engine prepares a Job (`job.prepare`), starts it (`spawn.start`), may do other work meanwhile, and waits
(`Child.wait`), which calls the engine's tick about once a second. What comes back is an `Ended`;
`outcome.decide` turns it into the outcome of the attempt. `warden` makes sure that no child outlives its
worker.
"""

from __future__ import annotations
