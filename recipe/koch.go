package recipe

import "github.com/siam-go/siam/train"

// Koch is the recipe of Koch, Zemel and Salakhutdinov 2015: 105×105 pixels, pairs, cross-entropy, stochastic gradient descent
// with a rate, momentum and L2 of its own in each layer, affine distortions, early stopping on 320 one-shot trials.
//
// The paper searched those settings and prints only their ranges; the values here lie inside them. Of the 30 background
// alphabets that are public as such, five validate (the paper had 40, and validated on ten).
func Koch() Recipe {
	return Recipe{
		Name:    "oneshot-koch",
		Summary: "Koch et al. 2015: pairs through the paper's own network, weighted L1 distance, binary cross-entropy",
		Settings: Settings{
			Encoder:   "koch",
			Objective: "pairs", Pairs: 128, Pool: 150000,
			Distort: "koch", Steps: 200 * 150000 / 128,
			Optimizer: "sgd", Rate: 0.02,
			Validation: 5, Drawers: 12, Every: 150000 / 128, Patience: 20, Trials: 320,
		},
	}
}

// asKoch sets what section 3.2 of the paper has besides the rate: rates that fall by 1 % an epoch, momenta that rise linearly
// from 0.5, and an L2 penalty per layer.
func (s Settings) asKoch(config *train.Config) {
	const (
		momentum   = 0.9
		rampEpochs = 20
		l2         = 2e-4
	)
	config.Schedule = train.Decay(0.99)
	config.RampEpochs = rampEpochs
	config.Layer = train.Layer{Rate: s.Rate, Momentum: momentum, L2: l2}
	// The dense layer begins with 38 million weights of deviation 0.2, twenty times a convolution's: at a convolution's penalty
	// their squares alone would be 400 times the cross-entropy.
	config.Layers = map[string]train.Layer{
		"encoder/dense": {Rate: s.Rate / 2, Momentum: momentum, L2: 1e-8},
		"head":          {Rate: s.Rate / 2, Momentum: momentum, L2: 1e-6},
	}
}
