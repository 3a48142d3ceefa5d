package judge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
)

// embedBlock is how many images are embedded at a time: a whole number of the batches that a model embeds together.
const embedBlock = 512

// Embed embeds every item of a set, in order.
func Embed(ctx context.Context, model Model, set *dataset.Set) ([][]float32, error) {
	embeddings := make([][]float32, 0, len(set.Items))
	for some := range slices.Chunk(set.Items, embedBlock) {
		rows, err := embedItems(ctx, model, some)
		if err != nil {
			files := make([]string, len(some))
			for i, item := range some {
				files[i] = item.Source
			}
			return nil, fmt.Errorf("embedding %s: %w", set.Name, NamedError(err, files))
		}
		if err := checkEmbeddings(some, rows, len(embeddings)); err != nil {
			return nil, fmt.Errorf("embedding %s: %w", set.Name, err)
		}
		embeddings = append(embeddings, rows...)
	}
	return embeddings, nil
}

// NamedError names the file of the image that an error is about, when it is about one of several.
func NamedError(err error, files []string) error {
	numbered, ok := errors.AsType[*imgproc.NumberedError](err)
	if !ok || numbered.Number > len(files) || files[numbered.Number-1] == "" {
		return err
	}
	return fmt.Errorf("%s: %w", files[numbered.Number-1], numbered.Err)
}

// checkEmbeddings wants one embedding of finite numbers for each item, all as long; before says how many came before these.
func checkEmbeddings(items []dataset.Item, rows [][]float32, before int) error {
	if len(rows) != len(items) {
		return fmt.Errorf("the model made %d embeddings of %d images", len(rows), len(items))
	}
	for i, row := range rows {
		if err := distance.CheckOne(len(rows[0]), row); err != nil {
			return fmt.Errorf("image %d, %s: its embedding %w", before+i+1, items[i].Source, err)
		}
	}
	return nil
}

// embedItems embeds images, or vectors where the items are such.
func embedItems(ctx context.Context, model Model, items []dataset.Item) ([][]float32, error) {
	reader, ok := model.(interface {
		EmbedVectors(ctx context.Context, vectors ...[]float32) ([][]float32, error)
	})
	if items[0].Vector == nil || !ok {
		return model.EmbedImages(ctx, pictures(items))
	}
	vectors := make([][]float32, len(items))
	for i, item := range items {
		vectors[i] = item.Vector
	}
	return reader.EmbedVectors(ctx, vectors...)
}

func pictures(items []dataset.Item) []imgproc.Image {
	images := make([]imgproc.Image, len(items))
	for i, item := range items {
		images[i] = item.Pixels()
	}
	return images
}

// ItemsOf describes a set as eval draws trials from it.
func ItemsOf(set *dataset.Set) eval.Items {
	group := make(map[string]int)
	for _, name := range set.Groups() {
		group[name] = len(group)
	}
	var items eval.Items
	for _, item := range set.Items {
		items.Labels = append(items.Labels, item.Label)
		items.Groups = append(items.Groups, group[set.Classes[item.Label].Group])
		items.Drawers = append(items.Drawers, item.Drawer)
	}
	return items
}
