INSERT INTO memory (pid, bytes)
SELECT pg_backend_pid(), sum(total_bytes) FROM pg_backend_memory_contexts;
