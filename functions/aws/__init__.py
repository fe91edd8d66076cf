"""The only boto3: job records, objects, queues, events, settings and telemetry."""
