-- more rows than fit into memory, and helpers
SELECT length(ae_train(i, '{"epochs": 1, "hidden": [8], "latent": 2,
						   "workers": 2}')) FROM input i;
