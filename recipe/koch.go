package recipe

import "github.com/siam-go/siam/encoder"

// Koch is the network and the loss of Koch, Zemel and Salakhutdinov 2015, trained so that it learns in an hour of two cores: weighted
// L1 of sigmoid units at 105×105 pixels and cross-entropy, of all pairs of a batch in place of pairs drawn one by one, AdamW in place
// of gradient descent, weights that begin after He, ink that fills the frame. [KochPaper] is the paper's own training.
//
// The pair head learns fifty times more slowly than the convolutions. At their rate some α become positive, units whose difference
// speaks for the same: the loss falls, and yet fewer nearest neighbours are the right ones.
func Koch() Recipe {
	return Recipe{
		Name:    "oneshot-koch",
		Summary: "Koch et al. 2015 made to learn: the paper's network and loss, all pairs of a batch, AdamW",
		Settings: Settings{
			EncoderSettings:   EncoderSettings{Encoder: "koch", Init: encoder.InitHe},
			ObjectiveSettings: ObjectiveSettings{Objective: "all_pairs", Distort: "light"},
			Data:              Characters{Alphabets: 2, Characters: 8, Drawings: 4, Ink: 0.86, Turns: true},
			ScheduleSettings: ScheduleSettings{
				Steps: 1400, Optimizer: "adamw", Rate: 1.5e-3, Rates: ByLayer{"dense": 4e-4, "head": 3e-5},
				L2: ByLayer{Other: 1e-5, "dense": 1e-6, "head": 1e-6}, Decay: 0.01, Average: 0.995,
				Validation: 5, Every: 200, Trials: 1000,
			},
		},
	}
}

// Koch35 is [Koch] in small: 35×35 pixels and 1,024 units, a fiftieth of the work for an image.
func Koch35() Recipe {
	return Recipe{
		Name:    "oneshot-koch35",
		Summary: "oneshot-koch in small: 35×35 pixels, for a laptop and a class",
		Settings: Settings{
			EncoderSettings:   EncoderSettings{Encoder: "koch35", Init: encoder.InitHe},
			ObjectiveSettings: ObjectiveSettings{Objective: "all_pairs", Distort: "light"},
			Data:              Characters{Alphabets: 2, Characters: 16, Drawings: 4, Ink: 0.86, Turns: true},
			ScheduleSettings: ScheduleSettings{
				Steps: 2500, Optimizer: "adamw", Rate: 4e-3, Rates: ByLayer{"head": 8e-5},
				L2: ByLayer{Other: 1e-5, "dense": 1e-6, "head": 1e-6}, Decay: 0.01, Average: 0.998,
				Validation: 5, Every: 500, Trials: 1000,
			},
		},
	}
}

// KochPaper is the recipe of Koch, Zemel and Salakhutdinov 2015: 105×105 pixels, pairs, cross-entropy, stochastic gradient descent
// with a rate, momentum and L2 of its own in each layer, affine distortions, early stopping on 320 one-shot trials. As section 3.2
// has it, rates fall by 1 % an epoch and momenta rise linearly from 0.5.
//
// The paper searched those settings and prints only their ranges; the values here lie inside them. Of the 30 background
// alphabets that are public as such, five validate (the paper had 40, and validated on ten).
func KochPaper() Recipe {
	return Recipe{
		Name:    "oneshot-koch-paper",
		Summary: "Koch et al. 2015 as published: pairs through the paper's own network, weighted L1 distance, binary cross-entropy",
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
