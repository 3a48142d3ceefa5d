package recipe

// Koch is the recipe of Koch, Zemel and Salakhutdinov 2015: 105×105 pixels, pairs, cross-entropy, stochastic gradient descent
// with a rate, momentum and L2 of its own in each layer, affine distortions, early stopping on 320 one-shot trials. As section 3.2
// has it, rates fall by 1 % an epoch and momenta rise linearly from 0.5.
//
// The paper searched those settings and prints only their ranges; the values here lie inside them. Of the 30 background
// alphabets that are public as such, five validate (the paper had 40, and validated on ten).
func Koch() Recipe {
	return Recipe{
		Name:    "oneshot-koch",
		Summary: "Koch et al. 2015: pairs through the paper's own network, weighted L1 distance, binary cross-entropy",
		Settings: Settings{
			EncoderSettings:   EncoderSettings{Encoder: "koch"},
			ObjectiveSettings: ObjectiveSettings{Objective: "pairs", Pairs: 128, Pool: 150000, Distort: "koch"},
			Data:              Characters{Drawers: 12},
			ScheduleSettings: ScheduleSettings{
				Steps: 200 * 150000 / 128, Optimizer: "sgd",
				Rate: 0.02, Rates: ByLayer{"dense": 0.01, "head": 0.01}, Fall: 0.99,
				Momentum: ByLayer{Other: 0.9}, Ramp: 20,
				// The dense layer begins with 38 million weights of deviation 0.2, twenty times a convolution's: at a convolution's
				// penalty their squares alone would be 400 times the cross-entropy.
				L2:         ByLayer{Other: 2e-4, "dense": 1e-8, "head": 1e-6},
				Validation: 5, Every: 150000 / 128, Patience: 20, Trials: 320,
			},
		},
	}
}
