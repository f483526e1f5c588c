/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one symbol of irq_sim.c that the kernel does not export, by one that it does.
 */
#include <linux/irq.h>
#include <linux/irqdesc.h>

struct irq_desc *irq_to_desc(unsigned int irq)
{
	struct irq_data *data = irq_get_irq_data(irq);

	return data ? irq_data_to_desc(data) : NULL;
}
