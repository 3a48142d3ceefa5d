package judge

import (
	"context"
	"fmt"
	"slices"

	"github.com/siam-go/siam/dataset"
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
			return nil, fmt.Errorf("embedding %s: %w", set.Name, err)
		}
		embeddings = append(embeddings, rows...)
	}
	return embeddings, nil
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
