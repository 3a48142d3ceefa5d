package recipe

// Things is the recipe for identities of any kind: people, animals, products. Faces are one case of it.
func Things() Recipe {
	return Recipe{
		Name:    "identities",
		Summary: "any people, animals or things: a folder of photographs for each",
		Settings: Settings{
			// A residual network on 64×64 pixels in colour.
			EncoderSettings:   EncoderSettings{Encoder: "resnet", Size: 64, Dim: 128, Widths: []int{32, 64, 128, 256}, MaxPool: true, Mirror: true},
			ObjectiveSettings: ObjectiveSettings{Objective: "supcon", Loss: map[string]float64{"temperature": 0.1}, Distort: "photo"},
			Data:              Identities{Colour: true, People: 32, Photos: 4, Tail: 0.5},
			ScheduleSettings: ScheduleSettings{
				Steps: 5000, Optimizer: "adamw", Rate: 2e-3, Decay: 0.05, Average: 0.998,
				Validation: 100, Every: 250, Trials: 5000,
			},
		},
	}
}

// Faces is the best recipe found for faces.
func Faces() Recipe {
	return Recipe{Name: "faces", Summary: "the best found for faces", Settings: Things().Settings}
}

// FacesArcface trains with the loss of Deng et al. 2019.
func FacesArcface() Recipe {
	s := Faces().Settings
	s.Objective, s.Loss = "arcface", map[string]float64{"scale": 24, "margin": 0.3}
	s.Data = Identities{Colour: true, People: 128, Photos: 1, Least: 1, Tail: 0.7}
	return Recipe{Name: "faces-arcface", Summary: "faces by classification with an angular margin (Deng et al. 2019)", Settings: s}
}

// FacesTriplet trains as FaceNet does (Schroff et al. 2015): squared distances on the unit sphere, margin 0.2, all pairs of
// one person with the semi-hard negatives of the batch, and single images of others as more negatives. The paper's batch has
// about 1,800 images with 40 of each person; most people here have fewer.
func FacesTriplet() Recipe {
	s := Faces().Settings
	s.Objective, s.Loss = "triplet", nil
	s.Data = Identities{Colour: true, People: 40, Photos: 4, Negatives: 32}
	return Recipe{Name: "faces-triplet", Summary: "FaceNet's loss, batch and choice of triplets, at the size of small data sets", Settings: s}
}
