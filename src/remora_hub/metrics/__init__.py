"""What is measured: histograms the components keep, the catalogue of all metrics, and their text for Prometheus."""
