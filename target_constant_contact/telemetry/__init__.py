"""A run as a trace and as metrics of OpenTelemetry."""
