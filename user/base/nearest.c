// SPDX-License-Identifier: GPL-2.0-or-later
/* See nearest.h. */
#include "base/nearest.h"

#include <ctype.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: only the last three rows of the matrix are needed. */
size_t nearest_distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];
	size_t size_a = strlen(a), size_b = strlen(b);

	if (size_a > NEAREST_WORD_MAX || size_b > NEAREST_WORD_MAX)
		return size_a + size_b;
	for (size_t j = 0; j <= size_b; j++)
		before[j] = last[j] = j;
	for (size_t i = 1; i <= size_a; i++) {
		int letter = tolower((unsigned char)a[i - 1]);
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= size_b; j++) {
			int other = tolower((unsigned char)b[j - 1]);

			row[j] = smaller(last[j], row[j - 1]) + 1;
			row[j] = smaller(row[j], last[j - 1] + (letter != other));
			if (i > 1 && j > 1 && letter == tolower((unsigned char)b[j - 2]) &&
			    tolower((unsigned char)a[i - 2]) == other)
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[size_b];
}

void nearest_offer(struct nearest *nearest, const char *known)
{
	size_t distance = nearest_distance(nearest->word, known);

	if (distance > (strlen(nearest->word) + 2) / 3)
		return;
	if (nearest->found && nearest->distance <= distance)
		return;
	nearest->found = known;
	nearest->distance = distance;
}
