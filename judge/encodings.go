package judge

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
)

// keptEncodings bounds how many encoded images are kept, each a megabyte or two.
const keptEncodings = 500

// encodings are the images of a set as a model encodes them, each when it is first asked for, and again where enough others are kept.
type encodings struct {
	model *coseg.Model
	set   *dataset.Set
	kept  map[int32]coseg.Encoded
	most  int // of those kept
}

func newEncodings(model *coseg.Model, set *dataset.Set) encodings {
	return encodings{model, set, map[int32]coseg.Encoded{}, keptEncodings}
}

// of is the encoding of item i.
func (e encodings) of(ctx context.Context, i int32) (coseg.Encoded, error) {
	if encoded, ok := e.kept[i]; ok {
		return encoded, nil
	}
	item, err := e.set.Items[i].Load()
	if err != nil {
		return coseg.Encoded{}, err
	}
	encoded, err := e.model.Encode(ctx, item.Image)
	if err != nil {
		return encoded, fmt.Errorf("%s: %w", item.Source, err)
	}
	if len(e.kept) < e.most {
		e.kept[i] = encoded
	}
	return encoded, nil
}

// all are the encodings of some items.
func (e encodings) all(ctx context.Context, items []int32) ([]coseg.Encoded, error) {
	encoded := make([]coseg.Encoded, len(items))
	for k, i := range items {
		var err error
		if encoded[k], err = e.of(ctx, i); err != nil {
			return nil, err
		}
	}
	return encoded, nil
}
