// The loop over the rows of a block, for one set of instructions: included once for each, with
// SCAN_NAME, SCAN_TARGET and SCAN_DOT defined. The inner product must be inlined, or its call costs
// as much as itself.

SCAN_TARGET void SCAN_NAME(
    const cv_index *index, size_t block, size_t count, const cv_query *query,
    const cv_search *search, const cv_bonus **bonus, cv_hits *hits) {
  const cv_block rows = index->blocks[block];
  const size_t first = block * BLOCK_ROWS, stride = index->stride;
  const uint8_t *flags = search->flags ? search->flags + first : rows.flags;
  const uint8_t wanted = search->wanted;
  const cv_bonus *next = *bonus, *end = search->bonuses + search->bonus_count;
  const int16_t *codes = query->codes;
  const float scale = query->scale, residual = query->residual, norm = query->norm;
  const float slack = query->slack;
  // The row of the next bonus; one past the block when there is none.
  size_t special = next < end && next->slot - first < count ? next->slot - first : count;
  for (size_t row = 0; row < count; row++) {
    float extra = 0;
    if (row == special) {
      extra = next->bonus;
      next++;
      special = next < end && next->slot - first < count ? next->slot - first : count;
    }
    if (!(flags[row] & wanted)) continue;
    float score = (float)SCAN_DOT(rows.codes + row * stride, codes, stride) * (rows.scales[row] * scale);
    // |x·q − x̂·q̂| ≤ ‖x − x̂‖ ‖q‖ + ‖x̂‖ ‖q − q̂‖, and ‖x̂‖ ≤ 1 + ‖x − x̂‖ for rows of length 1.
    float error = rows.residuals[row] * norm + (1.000001f + rows.residuals[row]) * residual + slack;
    if (extra != 0) {
      score += extra;
      error += (extra < 0 ? -extra : extra) * 1e-6f;
    }
    if (score + error >= hits->threshold)
      cv_hits_add(hits, (uint32_t)(first + row), score - error, score + error);
  }
  *bonus = next;
}

#undef SCAN_NAME
#undef SCAN_TARGET
#undef SCAN_DOT
