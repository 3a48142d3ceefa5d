package recipe

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/pairnet"
)

// Passers are people in videos, and crops of people: what an encoder of crops learns from. They are read as [pairnet.Spec.Read] says, and learned from and
// validated as [Identities] are.
type Passers struct {
	People int `json:"people"` // in a batch
	Photos int `json:"photos"` // of each
}

// The size of the crops that an encoder of people sees, in pixels.
const cropHeight, cropWidth = 128, 64

// ReIDCrops is a fast encoder of the crops that an online tracker compares.
func ReIDCrops() Recipe {
	return Recipe{
		Name:    "reid-crops",
		Summary: "a fast encoder of people's crops, 64×128 pixels to 128 numbers, from videos with truth and crops of people: for siam track --model",
		Settings: Settings{
			EncoderSettings:   EncoderSettings{Encoder: "resnet", Size: cropWidth, Height: cropHeight, Dim: 128, Widths: []int{16, 32, 64, 128}, MaxPool: true},
			ObjectiveSettings: ObjectiveSettings{Objective: "triplet", Mining: "distance_weighted", Distort: "photo"},
			Data:              Passers{People: 32, Photos: 4},
			ScheduleSettings: ScheduleSettings{
				Steps: 1500, Optimizer: "adamw", Rate: 2e-3, Decay: 0.05, Average: 0.99,
				Validation: 100, Every: 250, Trials: 2000,
			},
		},
	}
}

// Words implements [Source].
func (Passers) Words() Words { return Identities{}.Words() }

// Read implements [Source]. What is left out are videos, or people VIDEO/ID.
func (Passers) Read(ctx context.Context, folder dataset.Folder, leave Leave) (Background, error) {
	return readPassers(ctx, pairnet.Spec{Height: cropHeight, Width: cropWidth}, folder, leave)
}

// readPassers reads videos and crops, less those that are left out.
func readPassers(ctx context.Context, spec pairnet.Spec, folder dataset.Folder, leave Leave) (b Background, err error) {
	if len(leave.TestFolds) > 0 {
		return b, ErrNoFolds
	}
	set, err := spec.Read(ctx, folder.Path, 1)
	if err != nil {
		return b, err
	}
	b.hold(set)
	if b.Set, err = without(set, leave.Exclude); err != nil {
		return Background{}, &LeaveError{"exclude", err}
	}
	b.Summary = fmt.Sprintf("%d boxes of %d people in %s", len(b.Set.Items), len(b.Set.Classes), strings.Join(b.Set.Groups(), ", "))
	return b, nil
}

func (p Passers) identities() Identities {
	return Identities{Colour: true, People: p.People, Photos: p.Photos}
}

func (p Passers) check(s Settings) error { return s.checkEncoder(p) }

func (p Passers) rules(o ObjectiveSettings) []rule { return p.identities().rules(o) }

func (p Passers) prepare(pre imgproc.Preprocess) imgproc.Preprocess {
	return p.identities().prepare(pre)
}

func (p Passers) begin(ctx context.Context, set *dataset.Set, s Settings, seed uint64) (*lesson, error) {
	return p.identities().begin(ctx, set, s, seed)
}
