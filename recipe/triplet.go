package recipe

// Triplet is the best small recipe found for one-shot recognition.
func Triplet() Recipe {
	return Recipe{
		Name:    "oneshot-triplet",
		Summary: "a small residual network that learns from look-alike characters of the same alphabet",
		Settings: Settings{
			EncoderSettings:   EncoderSettings{Encoder: "resnet", Size: 48, Dim: 128, Widths: []int{32, 96, 192}, MaxPool: true},
			ObjectiveSettings: ObjectiveSettings{Objective: "supcon", Distort: "light"},
			Data: Characters{
				Alphabets: 2, Characters: 16, Drawings: 4, Ink: 0.86,
				Turns: true, Invented: 100, RealShare: 0.7,
			},
			ScheduleSettings: ScheduleSettings{
				Steps: 4300, Optimizer: "adamw", Rate: 3e-3, Decay: 0.05, Average: 0.998, Whiten: 0.3,
				Validation: 3, Every: 500, Trials: 1000,
			},
		},
	}
}
