// SPDX-License-Identifier: GPL-2.0-or-later
/* See codes.h. */
#include "conf/codes.h"

#include <string.h>

/* The second letters in use, by the first letter. */
static const char *const seconds[26] = {
	"DEFGILMOQRSTUWXZ",	   /* A */
	"ABDEFGHIJLMNOQRSTVWYZ",   /* B */
	"ACDFGHIKLMNORUVWXYZ",	   /* C */
	"EJKMOZ",		   /* D */
	"CEGHRST",		   /* E */
	"IJKMOR",		   /* F */
	"ABDEFGHILMNPQRSTUWY",	   /* G */
	"KMNRTU",		   /* H */
	"DELMNOQRST",		   /* I */
	"EMOP",			   /* J */
	"EGHIMNPRWYZ",		   /* K */
	"ABCIKRSTUVY",		   /* L */
	"ACDEFGHKLMNOPQRSTUVWXYZ", /* M */
	"ACEFGILOPRUZ",		   /* N */
	"M",			   /* O */
	"AEFGHKLMNRSTWY",	   /* P */
	"A",			   /* Q */
	"EOSUW",		   /* R */
	"ABCDEGHIJKLMNORSTVXYZ",   /* S */
	"CDFGHJKLMNORTVWZ",	   /* T */
	"AGMSYZ",		   /* U */
	"ACEGINU",		   /* V */
	"FS",			   /* W */
	"",			   /* X */
	"ET",			   /* Y */
	"AMW",			   /* Z */
};

static const char also[][3] = { "AB", "AN", "AP", "EU", "OS", "XK", "ZZ" };

bool country_code_known(unsigned country)
{
	char text[COUNTRY_TEXT_SIZE];

	if (country >= COUNTRY_COUNT)
		return false;
	country_to_text(country, text);
	for (size_t i = 0; i < sizeof(also) / sizeof(*also); i++)
		if (!strcmp(text, also[i]))
			return true;
	return strchr(seconds[text[0] - 'A'], text[1]);
}

bool country_code_is_list(unsigned country)
{
	return country >= COUNTRY_XA && country < COUNTRY_XA + COUNTRY_CODES &&
	       !country_code_known(country);
}

const char *list_action_name(bool allow, unsigned code, char text[COUNTRY_TEXT_SIZE])
{
	if (!code)
		return allow ? "allow" : "deny";
	country_to_text(code, text);
	return text;
}
