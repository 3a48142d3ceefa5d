package recipe

import "github.com/siam-go/siam/dataset"

// distortions are affine ones, three in four applied: rotation in degrees, shears, and the change of scale, up to these amounts.
func distortions(degrees, shearX, shearY, scale float64) dataset.Augment {
	about := func(v float64) dataset.Range { return dataset.Range{Low: -v, High: v} }
	sizes := dataset.Range{Low: 1 - scale, High: 1 + scale}
	return dataset.Augment{
		Rotate: about(degrees), ShearX: about(shearX), ShearY: about(shearY), ScaleX: sizes, ScaleY: sizes,
		MoveX: about(0.035), MoveY: about(0.035), Chance: 0.75,
	}
}

// photoDistortions are what the light, the camera and an inaccurate crop do to photographs.
func photoDistortions() dataset.Augment {
	return dataset.Augment{
		Rotate: dataset.Range{Low: -10, High: 10},
		ScaleX: dataset.Range{Low: 0.9, High: 1.2}, ScaleY: dataset.Range{Low: 0.9, High: 1.2},
		MoveX: dataset.Range{Low: -0.06, High: 0.06}, MoveY: dataset.Range{Low: -0.06, High: 0.06},
		Mirror: 0.5,
		Light: dataset.Light{
			Bright: dataset.Range{Low: -0.15, High: 0.15}, Contrast: dataset.Range{Low: 0.7, High: 1.3},
			Colour: dataset.Range{Low: 0.2, High: 1.4}, Hide: dataset.Range{Low: -0.4, High: 0.4},
		},
	}
}
